"""How a report looks: in a browser and on the paper it prints to, and laid out by Qt."""

from __future__ import annotations

SCREEN = """\
:root { color-scheme: light dark; --ink: #1c2229; --quiet: #55606b; --paper: #ffffff;
  --line: #cdd4db; --shade: #eef1f4; --warn: #fff2d8; --warn-line: #b57600;
  --good: #17663c; --bad: #9a1b1b; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e3e8ed; --quiet: #a3afba; --paper: #171b20; --line: #3b444d;
    --shade: #22282f; --warn: #3a2f16; --warn-line: #c98a1b; --good: #6fcf97; --bad: #ff8f8f; }
}
@media print {
  :root { --ink: #000000; --quiet: #444444; --paper: #ffffff; --line: #aaaaaa;
    --shade: #eeeeee; --warn: #fff2d8; --warn-line: #b57600; --good: #17663c; --bad: #9a1b1b; }
  body { max-width: none; padding: 0; font-size: 9.5pt; }
  h2 { margin-top: 1.2rem; }
  .section, tr, img { break-inside: avoid; }
  .banner, td { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem; background: var(--paper);
  color: var(--ink); font: 15px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { margin: 0 0 0.2rem; font-size: 1.6rem; }
h2 { margin: 1.8rem 0 0.5rem; padding-bottom: 0.2rem; border-bottom: 1px solid var(--line);
  font-size: 1.15rem; }
h3 { margin: 1rem 0 0.4rem; font-size: 1rem; }
.quiet { color: var(--quiet); font-size: 0.88em; }
.banner { margin: 0.6rem 0; padding: 0.45rem 0.8rem; border-left: 4px solid var(--warn-line);
  background: var(--warn); font-weight: 600; }
table { border-collapse: collapse; }
th, td { padding: 0.25rem 0.7rem; border: 1px solid var(--line); text-align: left;
  vertical-align: top; }
th { background: var(--shade); font-weight: 600; white-space: nowrap; }
.facts td { overflow-wrap: anywhere; }
.facts td.name { white-space: nowrap; color: var(--quiet); }
.numbers td + td { text-align: right; font-variant-numeric: tabular-nums; }
.match { color: var(--good); white-space: nowrap; }
.mismatch { color: var(--bad); font-weight: 600; white-space: nowrap; }
.unknown { color: var(--quiet); white-space: nowrap; }
.pictures { width: 100%; table-layout: fixed; }
.pictures td { border: 0; padding: 0 1rem 1rem 0; }
.pictures img { max-width: 100%; height: auto; image-rendering: pixelated; background: #000000; }
"""

PAPER = """\
body { color: #000000; font-family: sans-serif; font-size: 9pt; }
h1 { font-size: 17pt; margin-bottom: 2px; }
h2 { font-size: 12pt; margin-top: 14px; margin-bottom: 4px; }
h3 { font-size: 10pt; margin-top: 8px; margin-bottom: 3px; }
p { margin-top: 3px; margin-bottom: 3px; }
.quiet { color: #555555; font-size: 8pt; }
.banner { background-color: #fff2d8; font-weight: bold; }
table { border-collapse: collapse; border-color: #aaaaaa; border-width: 1px; border-style: solid; }
th { background-color: #eeeeee; text-align: left; padding: 3px; }
td { padding: 3px; }
.name { color: #555555; }
.match { color: #17663c; }
.mismatch { color: #9a1b1b; font-weight: bold; }
.unknown { color: #555555; }
.pictures { border-width: 0px; border-style: none; }
"""
