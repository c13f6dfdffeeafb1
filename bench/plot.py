"""Line charts as plain SVG text: one picture of panels side by side, light, with a legend under each panel."""

import collections
import math

Line = collections.namedtuple("Line", "label points color dashed", defaults=(False,))  # points: [(x, y), ...]
Panel = collections.namedtuple("Panel", "title x_label lines")  # x is logarithmic, y starts at 0

WIDTH, HEIGHT = 470, 374  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 64, 38, 44, 104
INK, FAINT = "#24292f", "#d8dee4"
FONT = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif"


def short(number):
    for unit, word in ((10**6, " M"), (10**3, " k")):
        if number >= unit:
            return f"{number / unit:g}{word}"
    return f"{number:g}"


def text(x, y, said, size=12, anchor="middle", weight="normal"):
    said = said.replace("&", "&amp;").replace("<", "&lt;")
    look = f'font-size="{size}" text-anchor="{anchor}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{said}</text>'


def y_step(highest):
    """1, 2 or 5 times a power of ten, so that four to eight steps hold all."""
    power = 10 ** math.floor(math.log10(highest / 4))
    return next(power * step for step in (1, 2, 5, 10) if highest / (power * step) <= 8)


def panel_svg(panel, offset):
    xs = sorted({x for line in panel.lines for x, _ in line.points})
    highest = max((y for line in panel.lines for _, y in line.points), default=1) or 1
    step = y_step(highest)
    top = math.ceil(highest / step * 1.02) * step
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    span = math.log(xs[-1] / xs[0]) or 1

    def at(x, y):
        return offset + LEFT + width * math.log(x / xs[0]) / span, TOP + height * (1 - y / top)

    out = [text(offset + LEFT, 24, panel.title, 14, "start", "600")]
    for number in range(round(top / step) + 1):
        _, y = at(xs[0], number * step)
        out.append(f'<path d="M{offset + LEFT} {y:.1f}h{width}" stroke="{INK if number == 0 else FAINT}"/>')
        out.append(text(offset + LEFT - 8, y + 4, short(number * step), anchor="end"))
    for x in xs:
        left, bottom = at(x, 0)
        out.append(f'<path d="M{left:.1f} {bottom:.1f}v5" stroke="{INK}"/>')
        out.append(text(left, bottom + 20, f"{x:,}"))
    out.append(text(offset + LEFT + width / 2, TOP + height + 40, panel.x_label, 12))
    for line in panel.lines:
        points = [at(x, y) for x, y in sorted(line.points)]
        dash = ' stroke-dasharray="6 4"' if line.dashed else ""
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        out.append(f'<polyline points="{way}" fill="none" stroke="{line.color}" stroke-width="2.2"{dash}/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" fill="{line.color}"/>' for x, y in points]
    for number, line in enumerate(panel.lines):  # the legend, two in a row
        x, y = offset + LEFT + (number % 2) * width / 2, TOP + height + 66 + (number // 2) * 20
        dash = ' stroke-dasharray="6 4"' if line.dashed else ""
        out.append(f'<path d="M{x:.1f} {y - 4:.1f}h22" stroke="{line.color}" stroke-width="2.2"{dash}/>')
        out.append(text(x + 28, y, line.label, anchor="start"))
    return out


def chart(panels):
    """The panels side by side as an SVG document."""
    width = WIDTH * len(panels)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}" '
           f'font-family="{FONT}" fill="{INK}">',
           f'<rect width="{width}" height="{HEIGHT}" rx="8" fill="#ffffff"/>']
    for number, panel in enumerate(panels):
        out += panel_svg(panel, number * WIDTH)
    return "\n".join([*out, "</svg>"]) + "\n"
