"""Figures as text and as a drawing."""

TARGETS = {  # step: (what it is compared with, most of its time that is allowed)
    "get": ("skopeo + umoci", 0.5),
    "put": ("git add, commit, push", 1 / 8),
    "update": ("git clone, add, commit, push", 1 / 20),
    "restore": ("git clone", 1 / 3),
}
MOST_MEMORY = 64
INDEX_PACK = 1.3


def table(image, step, runs):
    """Lines for one step of one image."""
    own = next(iter(runs.values()))
    lines = [f"{image}: {step}"]
    for who, run in runs.items():
        line = (f"  {who:30}{run.wall:8.2f} s{run.cpu:8.2f} s CPU{run.memory:7.0f} MB"
                f"{run.wire:9.1f} MB sent")
        if run is not own:
            line += (f"   ours: {own.wall / run.wall:5.2f} of the time, {own.cpu / run.cpu:5.2f} of "
                     f"the CPU, {own.memory / run.memory:5.2f} of the memory")
        lines.append(line)
    return "\n".join(lines)


def verdicts(results):
    """What was aimed at, and whether it was reached; one line each."""
    lines = []
    for image, steps in results.items():
        for step, runs in steps.items():
            own = runs["ours"]
            if step in TARGETS:
                rival, most = TARGETS[step]
                rival = "registry-image" if "registry-image" in runs else rival
                lines.append(_verdict(f"{image}: {step}, share of the time of {rival}",
                                      own.wall / runs[rival].wall, most))
            if step == "put":
                lines.append(_verdict(f"{image}: put, against the server's own index-pack",
                                      own.wall / runs["floor: index-pack"].wall, INDEX_PACK))
            lines.append(_verdict(f"{image}: {step}, MB of memory", own.memory, MOST_MEMORY))
    return "\n".join(lines)


def _verdict(what, value, most):
    return f"  {'yes' if value <= most else 'NO '}  {what}: {value:.2f}, aim {most:.2f}"


WIDTH, BAR, LABEL, UNIT = 760, 16, 250, 42
COLOURS = ["#2f6f9f", "#c8c8c8"]


def drawing(results):
    """An SVG: how many times the time of ours each rival takes, per image and step."""
    rows = [(f"{image}: {step}", TARGETS[step][0], runs[TARGETS[step][0]].wall / runs["ours"].wall)
            for image, steps in results.items() for step, runs in steps.items() if step in TARGETS]
    scale = (WIDTH - LABEL - 230) / max(ratio for _, _, ratio in rows)
    height = UNIT * len(rows) + 30
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
           f'font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
           '<text x="10" y="18" font-weight="bold">Time, in multiples of ours (less is better)</text>']
    for number, (label, rival, ratio) in enumerate(rows):
        top = 30 + number * UNIT
        out.append(f'<text x="10" y="{top + 20}">{label}</text>')
        for index, (name, value) in enumerate([("ours", 1.0), (f"{ratio:.1f}  {rival}", ratio)]):
            y = top + index * (BAR + 1)
            out.append(f'<rect x="{LABEL}" y="{y}" width="{value * scale:.1f}" height="{BAR}" '
                       f'fill="{COLOURS[index]}"/>')
            out.append(f'<text x="{LABEL + value * scale + 6:.1f}" y="{y + 12}">{name}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"
