"""The claims on seats that the dialplan's gate counts: each ends with its channel, a moment after the last hang-up."""

from tests.centre import Centre


async def unclaimed(centre: Centre) -> None:
    """Wait until no call has a seat."""

    async def claimed() -> bool:
        return "busy" in await centre.manager.command("group show channels")

    await centre.until("no seat is claimed", claimed, False)
