"""The working text as some reader would see it in the book if it were published as it is now."""

from decimal import Decimal

from marketplace import clock
from marketplace.models import Block, Project, ProjectVersion, Visibility
from marketplace.services.projects import files, rates, visibility
from marketplace.services.projects.leaf import BLOCKS, Leaf


def of(project: Project, near: Visibility) -> Leaf:
    """Return the working text for readers this near, with amounts at today's rate.

    The caller has made sure that the person who asks may see all of it.
    """
    content = project.content
    currency = content.get("currency") or "USD"
    rate = rates.current(currency)
    now = clock.now()
    version = ProjectVersion(
        number=0,
        content=content,
        currency=currency,
        # Where there is no rate, no amount is said in dollars.
        usd_rate=rate.per_usd if rate else Decimal(0),
        usd_rate_on=rate.on_day if rate else now.date(),
        submitted_at=now,
    )
    blocks = visibility.blocks_for(content, near) - {Block.INTERNAL}
    kept = visibility.files_in(content, blocks)
    return Leaf(
        project=project,
        version=version,
        city=project.city,
        partner=None,
        content=visibility.shown(content, blocks),
        near=near,
        hidden=[(block, visibility.needed(content, block)) for block in BLOCKS if block not in blocks],
        files={file.uid: file for some in files.of(project).values() for file in some if file.uid in kept},
    )
