"""Points with the straight lines through them, as one SVG file of panels."""

from typing import NamedTuple

WIDTH, HEIGHT = 560, 380  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 40, 50  # its margins
COLORS = ("#1f5fa8", "#c2571a", "#3a7d44")
TICKS = 5
FLAT = 0.1  # a line that rises by less, of the mean, over all points: R² tells nothing then


class Line(NamedTuple):
    slope: float
    intercept: float
    r_squared: float
    farthest: float  # of the points, as a fraction of its value
    is_flat: bool

    def at(self, x):
        return self.intercept + self.slope * x

    def straightness(self):
        return "flat" if self.is_flat else f"R² {self.r_squared:.4f}"


def fit(points):
    """The line of least squares."""
    count = len(points)
    mean_x, mean_y = (sum(values) / count for values in zip(*points))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    intercept = mean_y - slope * mean_x
    residuals = [y - intercept - slope * x for x, y in points]
    total = sum((y - mean_y) ** 2 for _, y in points)
    r_squared = 1 - sum(residual**2 for residual in residuals) / total if total > 0 else 1.0
    farthest = max(abs(residual) / y for residual, (_, y) in zip(residuals, points))
    xs = [x for x, _ in points]
    return Line(slope, intercept, r_squared, farthest, abs(slope) * (max(xs) - min(xs)) < FLAT * mean_y)


class Panel(NamedTuple):
    title: str
    x_label: str
    y_label: str
    series: dict  # name -> points (x, y), all positive


def round_step(most):
    """The least of 1, 2 and 5 times a power of ten of which at most TICKS reach `most`."""
    power = 1e-12
    while 10 * power * TICKS < most:
        power *= 10
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor * TICKS >= most)


def text(x, y, content, anchor="middle", size=13, extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" {extra}>{content}</text>'


def stroke(x1, y1, x2, y2, color, width=1.0):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" '
            f'stroke-width="{width}"/>')


class Axes:
    """Where values lie in a panel; both axes begin at 0, and above the points there is room for the series' names."""

    def __init__(self, panel):
        points = [point for points in panel.series.values() for point in points]
        self.most_x, self.most_y = (room * max(values) for room, values in zip((1.05, 1.25), zip(*points)))

    def x(self, value):
        return LEFT + (WIDTH - LEFT - RIGHT) * value / self.most_x

    def y(self, value):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.most_y

    def grid(self):
        parts = []
        for most, along_x in ((self.most_x, True), (self.most_y, False)):
            step = round_step(most)
            for tick in range(int(most / step) + 1):
                value = tick * step
                if along_x:
                    parts.append(stroke(self.x(value), self.y(0), self.x(value), TOP, "#e4e4e4"))
                    parts.append(text(self.x(value), self.y(0) + 18, f"{value:g}"))
                else:
                    parts.append(stroke(self.x(0), self.y(value), WIDTH - RIGHT, self.y(value), "#e4e4e4"))
                    parts.append(text(self.x(0) - 8, self.y(value) + 4, f"{value:g}", "end"))
        return parts + [stroke(self.x(0), self.y(0), WIDTH - RIGHT, self.y(0), "#444"),
                        stroke(self.x(0), self.y(0), self.x(0), TOP, "#444")]


def draw_series(axes, name, points, color, row):
    line = fit(points)
    ends = (axes.x(0), axes.y(line.at(0)), axes.x(axes.most_x), axes.y(line.at(axes.most_x)))
    parts = ['<g clip-path="url(#inside)">', stroke(*ends, color, 1.5), "</g>"]
    parts += [f'<circle cx="{axes.x(x):.1f}" cy="{axes.y(y):.1f}" r="4" fill="{color}"/>' for x, y in points]
    label = f"{name} ({line.straightness()})"
    height = TOP + 18 + 20 * row
    return parts + [f'<circle cx="{LEFT + 16}" cy="{height - 4}" r="4" fill="{color}"/>',
                    text(LEFT + 28, height, label, "start")]


def draw_panel(panel):
    axes = Axes(panel)
    parts = axes.grid()
    for row, ((name, points), color) in enumerate(zip(panel.series.items(), COLORS)):
        parts += draw_series(axes, name, points, color, row)
    middle = (HEIGHT - BOTTOM + TOP) / 2
    return parts + [text((LEFT + WIDTH - RIGHT) / 2, 24, panel.title, size=15),
                    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, panel.x_label),
                    text(18, middle, panel.y_label, extra=f'transform="rotate(-90 18 {middle:.1f})"')]


def svg(rows):
    """Rows of panels."""
    width, height = WIDTH * max(len(row) for row in rows), HEIGHT * len(rows)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
             'font-family="sans-serif" fill="#222">', f'<rect width="{width}" height="{height}" fill="white"/>',
             f'<clipPath id="inside"><rect x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" '
             f'height="{HEIGHT - TOP - BOTTOM}"/></clipPath>']
    for down, row in enumerate(rows):
        for right, panel in enumerate(row):
            parts += [f'<g transform="translate({right * WIDTH} {down * HEIGHT})">', *draw_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>", ""])
