"""The session's course: every five minutes a bar of bull premium upwards and one of bear premium downwards."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.model.answers import Picture
from bot.model.heat import BUCKET_NS, Bucket
from bot.render.lengths import cut
from bot.render.pictures import colours, lettering
from bot.render.pictures.axis import clock_ticks, round_step
from bot.render.pictures.treemap import Rect
from bot.render.words import money, new_york, one_line

if TYPE_CHECKING:
    from bot.render.pictures.canvas import Canvas
