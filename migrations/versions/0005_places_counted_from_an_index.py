"""places counted from an index

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-22 05:40:00.000000

"""
from alembic import op


# revision identifiers, used by Alembic.
revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table('registration', schema=None) as batch_op:
        batch_op.create_index('ix_registration_places', ['event_id', 'state', 'ticket_type_id', 'attendance', 'offer_expires_at'], unique=False)
        batch_op.drop_index('ix_registration_event_state')


def downgrade():
    with op.batch_alter_table('registration', schema=None) as batch_op:
        batch_op.create_index('ix_registration_event_state', ['event_id', 'state'], unique=False)
        batch_op.drop_index('ix_registration_places')
