"""Contenders by turns, so that what slows the machine for a while slows all of them."""

LEAST_SECONDS = 0.3  # of a turn


def in_turns(contenders, rounds):
    """The mean seconds of each contender in each round; a contender's turn(times) are those of one of so many runs."""
    times = {}
    for name, contender in contenders.items():
        once = min(contender.turn(1) for _ in range(2))
        times[name] = max(1, round(LEAST_SECONDS / once))
    return [{name: contender.turn(times[name]) for name, contender in contenders.items()} for _ in range(rounds)]
