"""pages that profiles were saved from

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-24 09:10:00.000000

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table('counterparty_version', schema=None) as batch_op:
        batch_op.add_column(sa.Column('form', sa.String(length=40), nullable=False, server_default=''))
    with op.batch_alter_table('counterparty_version', schema=None) as batch_op:
        batch_op.alter_column('form', server_default=None)


def downgrade():
    with op.batch_alter_table('counterparty_version', schema=None) as batch_op:
        batch_op.drop_column('form')
