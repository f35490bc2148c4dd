"""photos of speakers

Revision ID: 0007
Revises: 0006
Create Date: 2026-12-01 01:20:00.000000

"""
from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


# revision identifiers, used by Alembic.
revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade():
    json = sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')
    with op.batch_alter_table('speaker', schema=None) as batch_op:
        batch_op.add_column(sa.Column('photo', sa.String(length=22), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('photo_alts', json, nullable=False, server_default='{}'))
    with op.batch_alter_table('speaker', schema=None) as batch_op:
        batch_op.alter_column('photo', server_default=None)
        batch_op.alter_column('photo_alts', server_default=None)


def downgrade():
    with op.batch_alter_table('speaker', schema=None) as batch_op:
        batch_op.drop_column('photo_alts')
        batch_op.drop_column('photo')
