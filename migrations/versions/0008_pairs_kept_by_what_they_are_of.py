"""pairs kept by what they are of

Revision ID: 0008
Revises: 0007
Create Date: 2026-12-01 01:20:00.000000

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

COLUMNS = (
    'project_id, organisation_id, status, is_offered, score, confidence, preference, mutual, failed, unknown, terms, '
    'model_version, project_version, profile_version, computed_at'
)


def upgrade():
    if op.get_bind().dialect.name == 'sqlite':
        op.drop_index('ix_fit_organisation_offered_score', table_name='fit')
        op.rename_table('fit', 'fit_before')
        op.create_table('fit', *columns(), sa.PrimaryKeyConstraint('project_id', 'organisation_id', name=op.f('pk_fit')), sqlite_with_rowid=False)
        op.execute(f'INSERT INTO fit ({COLUMNS}) SELECT {COLUMNS} FROM fit_before ORDER BY project_id, organisation_id')
        op.drop_table('fit_before')
    else:
        op.drop_constraint('fk_fit_organisation_id', 'fit', type_='foreignkey')
        op.drop_constraint('fk_fit_project_id', 'fit', type_='foreignkey')
        op.drop_index('ix_fit_organisation_offered_score', table_name='fit')
        op.drop_constraint('uq_fit_project_id_organisation_id', 'fit', type_='unique')
        op.drop_constraint('pk_fit', 'fit', type_='primary')
        op.drop_column('fit', 'id')
        op.create_primary_key('pk_fit', 'fit', ['project_id', 'organisation_id'])
    op.create_index(op.f('ix_fit_organisation_id'), 'fit', ['organisation_id'], unique=False)


def downgrade():
    # Nothing has kept these from outliving what they are of; they are computed anew anyway.
    op.execute('DELETE FROM fit WHERE project_id NOT IN (SELECT id FROM project) OR organisation_id NOT IN (SELECT id FROM organisation)')
    op.drop_index(op.f('ix_fit_organisation_id'), table_name='fit')
    if op.get_bind().dialect.name == 'sqlite':
        op.rename_table('fit', 'fit_before')
        op.create_table('fit',
        sa.Column('id', sa.Integer(), nullable=False),
        *columns(),
        sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_fit_organisation_id')),
        sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_fit_project_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_fit')),
        sa.UniqueConstraint('project_id', 'organisation_id', name=op.f('uq_fit_project_id_organisation_id'))
        )
        op.execute(f'INSERT INTO fit ({COLUMNS}) SELECT {COLUMNS} FROM fit_before')
        op.drop_table('fit_before')
    else:
        op.drop_constraint('pk_fit', 'fit', type_='primary')
        op.execute('ALTER TABLE fit ADD COLUMN id SERIAL NOT NULL')
        op.create_primary_key('pk_fit', 'fit', ['id'])
        op.create_unique_constraint('uq_fit_project_id_organisation_id', 'fit', ['project_id', 'organisation_id'])
        op.create_foreign_key('fk_fit_organisation_id', 'fit', 'organisation', ['organisation_id'], ['id'])
        op.create_foreign_key('fk_fit_project_id', 'fit', 'project', ['project_id'], ['id'])
    op.create_index('ix_fit_organisation_offered_score', 'fit', ['organisation_id', 'is_offered', 'score'], unique=False)


def columns():
    return (
    sa.Column('project_id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=False),
    sa.Column('status', sa.Enum('offered', 'to_check', 'near_miss', 'excluded', name='fit_status', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('is_offered', sa.Boolean(), nullable=False),
    sa.Column('score', sa.Float(), nullable=False),
    sa.Column('confidence', sa.Float(), nullable=False),
    sa.Column('preference', sa.Float(), nullable=True),
    sa.Column('mutual', sa.Float(), nullable=True),
    sa.Column('failed', sa.Integer(), nullable=False),
    sa.Column('unknown', sa.Integer(), nullable=False),
    sa.Column('terms', sa.LargeBinary(), nullable=False),
    sa.Column('model_version', sa.Integer(), nullable=False),
    sa.Column('project_version', sa.Integer(), nullable=False),
    sa.Column('profile_version', sa.Integer(), nullable=False),
    sa.Column('computed_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('score >= 0 AND score <= 100', name=op.f('ck_fit_score_in_range')),
    )
