"""Every colour of the window, by name: the only place where one is written down.

Widgets ask `current()` while they paint, so a change of theme needs no bookkeeping: `apply_theme`
sets Qt's palette and style sheet, Qt repaints everything, and everything reads the new tokens.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from string import Template

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A set of colours as ``#rrggbb``; the field names are the tokens of the style sheet."""

    name: str
    dark: bool
    window: str  # behind and between the docks
    panel: str  # a dock's face
    panel_title: str  # its title bar, menus, headers
    raised: str  # buttons and cards
    raised_hover: str
    field: str  # line edits, lists, trees
    border: str
    border_strong: str
    text: str
    text_muted: str
    text_disabled: str
    accent: str
    accent_hover: str
    accent_text: str  # text on the accent
    selection: str
    selection_text: str
    link: str
    ok: str
    warning: str
    error: str
    banner: str
    banner_border: str
    banner_text: str
    canvas: str  # the slice view is black in both themes, as on a reading station
    canvas_text: str
    canvas_text_muted: str
    canvas_letter: str
    canvas_line: str  # crosshair, receptive field
    tile: str  # behind a feature map or a kernel


DARK = Theme(
    name="dark",
    dark=True,
    window="#14171c",
    panel="#22262d",
    panel_title="#2b3038",
    raised="#2c323b",
    raised_hover="#363d48",
    field="#191c21",
    border="#3a404a",
    border_strong="#566070",
    text="#dde1e7",
    text_muted="#98a1b0",
    text_disabled="#646d7b",
    accent="#4da3ff",
    accent_hover="#74b8ff",
    accent_text="#0b1626",
    selection="#2c4468",
    selection_text="#f2f6fc",
    link="#6bb3ff",
    ok="#4ec98f",
    warning="#f0b95a",
    error="#f0717c",
    banner="#3a2f1e",
    banner_border="#d79a3c",
    banner_text="#f6c46c",
    canvas="#000000",
    canvas_text="#eef1f5",
    canvas_text_muted="#a9b1bd",
    canvas_letter="#ffd27a",
    canvas_line="#4da3ff",
    tile="#0d0e11",
)

LIGHT = Theme(
    name="light",
    dark=False,
    window="#dfe3e9",
    panel="#f6f7f9",
    panel_title="#e8ebf0",
    raised="#ffffff",
    raised_hover="#eaf1fb",
    field="#ffffff",
    border="#c3c9d3",
    border_strong="#8d97a6",
    text="#1b2028",
    text_muted="#57606e",
    text_disabled="#98a1ae",
    accent="#1668c7",
    accent_hover="#0f57ab",
    accent_text="#ffffff",
    selection="#cfe3fb",
    selection_text="#0e2440",
    link="#1668c7",
    ok="#1a7f4f",
    warning="#9a6200",
    error="#b3261e",
    banner="#fff3d6",
    banner_border="#d79a3c",
    banner_text="#6b4400",
    canvas="#000000",
    canvas_text="#eef1f5",
    canvas_text_muted="#a9b1bd",
    canvas_letter="#ffd27a",
    canvas_line="#4da3ff",
    tile="#0d0e11",
)

THEMES = {theme.name: theme for theme in (DARK, LIGHT)}

_in_force: list[Theme] = [DARK]


def current() -> Theme:
    """The theme in force; the dark one before any was applied."""
    return _in_force[0]


def colour(token: str, alpha: int = 255) -> QColor:
    """A token of the theme in force as a QColor; `alpha` from 0 to 255."""
    made = QColor(str(getattr(current(), token)))
    made.setAlpha(alpha)
    return made


def system_theme() -> Theme:
    """The theme that the desktop asks for; dark where it says nothing."""
    hints = QGuiApplication.styleHints()
    hints.unsetColorScheme()
    return LIGHT if hints.colorScheme() == Qt.ColorScheme.Light else DARK


def apply_theme(app: QApplication, theme: Theme) -> None:
    """Put `theme` in force on every window of `app`."""
    _in_force[0] = theme
    hints = QGuiApplication.styleHints()  # window frames on Windows and macOS follow this
    hints.setColorScheme(Qt.ColorScheme.Dark if theme.dark else Qt.ColorScheme.Light)
    sheet = style_sheet(theme)
    if app.styleSheet() == sheet:
        return  # every widget would be dressed anew in the same clothes
    if not app.styleSheet():
        app.setStyle("Fusion")
    app.setPalette(palette(theme))
    app.setStyleSheet(sheet)


def palette(theme: Theme) -> QPalette:
    """Qt's palette in the colours of `theme`."""
    role = QPalette.ColorRole
    made = QPalette()
    for target, value in {
        role.Window: theme.panel,
        role.WindowText: theme.text,
        role.Base: theme.field,
        role.AlternateBase: theme.panel,
        role.Text: theme.text,
        role.PlaceholderText: theme.text_muted,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.BrightText: theme.error,
        role.ToolTipBase: theme.panel_title,
        role.ToolTipText: theme.text,
        role.Highlight: theme.selection,
        role.HighlightedText: theme.selection_text,
        role.Accent: theme.accent,
        role.Link: theme.link,
        role.LinkVisited: theme.link,
        role.Light: theme.raised_hover,
        role.Midlight: theme.raised,
        role.Mid: theme.border,
        role.Dark: theme.border,
        role.Shadow: theme.canvas if theme.dark else theme.border_strong,
    }.items():
        made.setColor(target, QColor(value))
    for target in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        made.setColor(QPalette.ColorGroup.Disabled, target, QColor(theme.text_disabled))
    made.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(theme.border))
    made.setColor(QPalette.ColorGroup.Disabled, role.Base, QColor(theme.panel))
    return made


def style_sheet(theme: Theme) -> str:
    """The one style sheet, in the colours of `theme`.

    Labels and frames take a look by the dynamic property ``role``: ``title``, ``muted``, ``value``,
    ``warning``, ``error`` and ``ok`` for labels, ``card`` and ``note`` for frames,
    ``cards`` for trees.
    """
    return SHEET.substitute({key: str(value) for key, value in asdict(theme).items()})


SHEET = Template("""
QMainWindow, QMainWindow::separator { background: $window; }
QMainWindow::separator { width: 5px; height: 5px; }
QMainWindow::separator:hover, QSplitter::handle:hover { background: $accent; }
QSplitter::handle { background: $window; }

QMenuBar { background: $window; color: $text; padding: 1px 4px; }
QMenuBar::item { background: transparent; padding: 4px 8px; border-radius: 4px; }
QMenuBar::item:selected { background: $selection; color: $selection_text; }
QMenu { background: $panel_title; color: $text; border: 1px solid $border; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 8px; border-radius: 3px; }
QMenu::item:selected { background: $selection; color: $selection_text; }
QMenu::item:disabled { color: $text_disabled; }
QMenu::separator { height: 1px; background: $border; margin: 4px 6px; }
QMenu::icon { padding-left: 6px; }

QToolBar { background: $panel; border: 0; border-bottom: 1px solid $border; padding: 3px; }
QToolBar { spacing: 2px; }
QToolBar::separator { background: $border; width: 1px; margin: 4px 5px; }
QToolButton { background: transparent; color: $text; border: 1px solid transparent; }
QToolButton { border-radius: 4px; padding: 3px 6px; }
QToolButton:hover { background: $raised_hover; border-color: $border; }
QToolButton:pressed { background: $selection; }
QToolButton:checked { background: $selection; color: $selection_text; border-color: $accent; }
QToolButton:disabled { color: $text_disabled; }
QToolButton:focus { border-color: $accent; }
QToolButton[popupMode="1"] { padding-right: 16px; }
QToolButton[popupMode="2"] { padding-right: 14px; }

QStatusBar { background: $panel; color: $text; border-top: 1px solid $border; }
QStatusBar::item { border: 0; }

QDockWidget { color: $text; font-weight: bold; }
QDockWidget::title { background: $panel_title; border: 1px solid $border; padding: 5px 8px; }
QDockWidget > QWidget { background: $panel; font-weight: normal; }
QTabBar { font-weight: normal; }
QTabBar::tab { background: $panel_title; color: $text_muted; border: 1px solid $border; }
QTabBar::tab { padding: 5px 12px; margin-right: -1px; }
QTabBar::tab:selected { background: $panel; color: $text; }
QTabBar::tab:top:selected { border-top: 2px solid $accent; border-bottom-color: $panel; }
QTabBar::tab:bottom:selected { border-bottom: 2px solid $accent; border-top-color: $panel; }
QTabBar::tab:hover:!selected { color: $text; background: $raised_hover; }
QTabBar::tab:disabled { color: $text_disabled; }
QTabWidget::pane { border: 1px solid $border; top: -1px; }

QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QPushButton { background: $raised; color: $text; border: 1px solid $border; border-radius: 4px; }
QPushButton { padding: 4px 12px; }
QPushButton:hover { background: $raised_hover; border-color: $border_strong; }
QPushButton:pressed, QPushButton:checked { background: $selection; color: $selection_text; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { color: $text_disabled; background: $panel; }
QPushButton:default { background: $accent; color: $accent_text; border-color: $accent; }
QPushButton:default:hover { background: $accent_hover; }
QPushButton:default:disabled { background: $panel; color: $text_disabled; border-color: $border; }
QPushButton:flat { background: transparent; border-color: transparent; color: $link; }
QPushButton:flat:hover { background: $raised_hover; }
QPushButton:flat:disabled { color: $text_disabled; }

QLineEdit, QPlainTextEdit, QTextEdit, QTextBrowser {
  background: $field; color: $text; border: 1px solid $border; border-radius: 4px;
  selection-background-color: $selection; selection-color: $selection_text; }
QLineEdit { padding: 3px 6px; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QTextBrowser:focus {
  border-color: $accent; }
QLineEdit:disabled { color: $text_disabled; background: $panel; }
QLineEdit[role="error"] { border: 1px solid $error; }

QTreeView, QListView, QTableView { background: $field; color: $text; border: 1px solid $border; }
QTreeView, QListView, QTableView { gridline-color: $border; alternate-background-color: $panel; }
QTreeView, QListView, QTableView { outline: 0; }
QTreeView::item, QListView::item { padding: 2px 4px; }
QTreeView::item:hover, QListView::item:hover { background: $raised_hover; }
QTreeView::item:selected, QListView::item:selected, QTableView::item:selected {
  background: $selection; color: $selection_text; }
QTreeView[role="cards"]::item:hover, QTreeView[role="cards"]::item:selected {
  background: transparent; }
QHeaderView::section { background: $panel_title; color: $text_muted; border: 0; }
QHeaderView::section { border-right: 1px solid $border; border-bottom: 1px solid $border; }
QHeaderView::section { padding: 4px 6px; }
QTableCornerButton::section { background: $panel_title; border: 0; }

QScrollBar { background: transparent; border: 0; margin: 0; }
QScrollBar:vertical { width: 11px; }
QScrollBar:horizontal { height: 11px; }
QScrollBar::handle { background: $border_strong; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: $text_muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QSlider::groove:horizontal { background: $border_strong; height: 4px; border-radius: 2px; }
QSlider::groove:vertical { background: $border_strong; width: 4px; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle { background: $text; border: 1px solid $border_strong; border-radius: 6px; }
QSlider::handle:horizontal { width: 12px; margin: -5px 0; }
QSlider::handle:vertical { height: 12px; margin: 0 -5px; }
QSlider::handle:hover, QSlider::handle:focus { background: $accent; border-color: $accent; }
QSlider::handle:disabled, QSlider::sub-page:disabled { background: $border; }

QCheckBox::indicator:unchecked { border: 1px solid $border_strong; border-radius: 2px; }
QCheckBox::indicator:unchecked, QRadioButton::indicator:unchecked { background: $field; }
QListView::indicator:unchecked { border: 1px solid $border_strong; border-radius: 2px; }
QListView::indicator:unchecked { background: $field; }
QRadioButton::indicator:unchecked { border: 1px solid $border_strong; border-radius: 7px; }
QRadioButton::indicator { width: 12px; height: 12px; }
QRadioButton::indicator:checked { background: $accent; border: 1px solid $accent; }
QRadioButton::indicator:checked { border-radius: 7px; }
QRadioButton::indicator:checked:disabled { background: $border; border-color: $border; }
QCheckBox::indicator:unchecked:hover, QRadioButton::indicator:unchecked:hover {
  border-color: $accent; }

QProgressBar { background: $field; color: $text; border: 1px solid $border; border-radius: 4px; }
QProgressBar { text-align: center; }
QProgressBar::chunk { background: $selection; border-radius: 3px; }
QToolTip { background: $panel_title; color: $text; border: 1px solid $border_strong; }
QToolTip { padding: 3px; }

QLabel[role="title"] { font-weight: bold; }
QLabel[role="muted"] { color: $text_muted; }
QLabel[role="value"] { color: $text; }
QLabel[role="ok"] { color: $ok; }
QLabel[role="warning"] { color: $warning; }
QLabel[role="error"] { color: $error; }
QFrame[role="card"] { background: $raised; border: 1px solid $border; border-radius: 4px; }
QFrame[role="note"] { background: $field; border: 1px solid $border; border-radius: 4px; }
QFrame[role="banner"] { background: $banner; border: 1px solid $banner_border; border-radius: 4px; }
QFrame[role="banner"] QLabel { color: $banner_text; border: 0; background: transparent; }
QFrame[role="banner"] QToolButton { color: $banner_text; padding: 1px 6px; }
QFrame[role="banner"] QToolButton { border: 1px solid $banner_border; }
QFrame[role="banner"] QToolButton:hover { background: $banner_border; color: $canvas; }
""")
