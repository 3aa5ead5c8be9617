"""Runs a program in time that flies, so that its time-outs and pauses need not be waited out."""

from . import preload


def environment(workspace, factor=1):
    """The environment in which sleep takes no time, and a second is over after 1/factor of it."""
    return preload.environment(workspace, "fast_clock", FAST_CLOCK=str(factor))
