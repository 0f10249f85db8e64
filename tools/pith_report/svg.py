# SPDX-License-Identifier: Apache-2.0
"""Just enough SVG: scales with ticks, a frame of axes, and elements as text."""
import html
import math


def element(tag, content="", **attributes):
    """<tag attributes>content</tag>; class_ and font_size become class and font-size."""
    listed = "".join(f' {name.rstrip("_").replace("_", "-")}="{html.escape(shown(value))}"'
                     for name, value in attributes.items())
    return f"<{tag}{listed}>{content}</{tag}>"


def shown(value):
    """Coordinates need one decimal, not seventeen."""
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def text(x, y, content, **attributes):
    return element("text", html.escape(content), x=x, y=y, **attributes)


def line(x1, y1, x2, y2, **attributes):
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, **attributes)


class Linear:
    """Maps low..high to pixels first..last."""

    def __init__(self, low, high, first, last):
        self.low, self.high, self.first, self.last = low, high, first, last

    def __call__(self, value):
        part = (value - self.low) / (self.high - self.low)
        return self.first + part * (self.last - self.first)

    def ticks(self):
        """About six round values."""
        rough = (self.high - self.low) / 6
        unit = 10.0 ** math.floor(math.log10(rough))
        step = unit * min((1, 2, 5, 10), key=lambda factor: abs(factor * unit - rough))
        first = math.ceil(self.low / step - 1e-9)
        return [i * step for i in range(first, math.floor(self.high / step + 1e-9) + 1)]


class Log(Linear):
    """The same, in powers of ten."""

    def __init__(self, low, high, first, last):
        super().__init__(math.log10(low), math.log10(high), first, last)

    def __call__(self, value):
        return super().__call__(math.log10(value))

    def ticks(self):
        """Powers of ten, and 2 and 5 between them if those are few."""
        powers = range(math.floor(self.low), math.ceil(self.high) + 1)
        factors = (1,) if self.high - self.low > 2.5 else (1, 2, 5)
        values = [factor * 10.0 ** power for power in powers for factor in factors]
        return [v for v in values if self.low - 1e-9 <= math.log10(v) <= self.high + 1e-9]


def x_axis(scale, y, top, title, label):
    """Grid lines up to `top`, labels below `y`."""
    parts = []
    for tick in scale.ticks():
        x = scale(tick)
        parts.append(line(x, top, x, y, class_="grid"))
        parts.append(text(x, y + 18, label(tick), class_="tick", text_anchor="middle"))
    middle = (scale.first + scale.last) / 2
    parts.append(text(middle, y + 40, title, class_="axis", text_anchor="middle"))
    return "".join(parts)


def y_axis(scale, x, right, title, label):
    """Grid lines to `right`, labels left of `x`, the title above."""
    parts = []
    for tick in scale.ticks():
        y = scale(tick)
        parts.append(line(x, y, right, y, class_="grid"))
        parts.append(text(x - 8, y + 4, label(tick), class_="tick", text_anchor="end"))
    parts.append(text(0, scale.last - 14, title, class_="axis"))
    return "".join(parts)


def canvas(width, height, title, content):
    """The picture, as wide as the page lets it be."""
    return element("svg", element("title", html.escape(title)) + content, role="img",
                   viewBox=f"0 0 {width} {height}", xmlns="http://www.w3.org/2000/svg")
