"""A figure as pixels, SVG or PDF."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QRectF, QSize, QSizeF
from PySide6.QtGui import QImage, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator

from unetscope.domain.figure import MM_IN_INCH, POINTS_IN_INCH
from unetscope.ui.pictures.figure_painting import Plan, paint_figure
from unetscope.ui.pictures.panel_picture import described
from unetscope.ui.report_pdf import without_time

MOST_PIXELS = 20_000  # along a side
PDF_DPI = 1200


def figure_image(plan: Plan, pixels: int | None = None) -> QImage:
    """A figure so many pixels wide; else as wide as its millimetres and dots per inch make it."""
    wide, high = plan.layout.size
    columns = min(pixels or plan.figure.pixels, MOST_PIXELS, round(MOST_PIXELS * wide / high))
    scale = columns / wide
    image = QImage(QSize(columns, max(round(high * scale), 1)), QImage.Format.Format_RGB32)
    per_metre = round(columns / plan.figure.width * 1000)
    image.setDotsPerMeterX(per_metre)
    image.setDotsPerMeterY(per_metre)
    with QPainter(image) as painter:
        painter.scale(scale, scale)
        paint_figure(painter, plan)
    return described(image, plan.figure.stamp)


def figure_svg(plan: Plan) -> bytes:
    """A figure as SVG: texts and lines stay such."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setResolution(round(POINTS_IN_INCH))  # a unit is a point
    generator.setSize(QSizeF(*plan.layout.size).toSize())
    generator.setViewBox(QRectF(0, 0, *plan.layout.size))
    generator.setTitle("Unetscope")
    generator.setDescription(plan.figure.stamp)
    with QPainter(generator) as painter:
        paint_figure(painter, plan)
    return bytes(buffer.data().data())


def figure_pdf(plan: Plan) -> bytes:
    """A figure as a page of PDF that is exactly as large."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle("Unetscope")
    writer.setCreator(plan.figure.stamp)
    writer.setResolution(PDF_DPI)
    millimetres = QSizeF(*plan.layout.size) * (MM_IN_INCH / POINTS_IN_INCH)
    writer.setPageSize(QPageSize(millimetres, QPageSize.Unit.Millimeter))
    writer.setPageMargins(QMarginsF())
    with QPainter(writer) as painter:
        painter.scale(PDF_DPI / POINTS_IN_INCH, PDF_DPI / POINTS_IN_INCH)
        paint_figure(painter, plan)
    return without_time(bytes(buffer.data().data()))
