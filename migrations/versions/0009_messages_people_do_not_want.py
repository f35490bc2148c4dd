"""messages people do not want

Revision ID: 0009
Revises: 0008
Create Date: 2026-12-01 05:00:00.000000

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('registration', sa.Column('messages_ended_at', sa.DateTime(timezone=True), nullable=True))


def downgrade():
    op.drop_column('registration', 'messages_ended_at')
