"""The File menu."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence

from unetscope.ui.commands.command import (
    Command,
    called,
    has_both,
    has_edits,
    has_kernel,
    has_network,
    has_series,
    has_something,
)

Keys = QKeySequence.StandardKey

FILE: tuple[Command, ...] = (
    Command(
        id="file.open_study",
        text=called("Open study folder…"),
        ask=lambda w: w.opening.ask_study_folder(),
        shortcut=Keys.Open,
        tip="Open a folder of DICOM files; it is searched with all folders inside",
        short="Open study",
    ),
    Command(
        id="file.open_study_file",
        text=called("Open study file…"),
        ask=lambda w: w.opening.ask_study_file(),
        shortcut="Ctrl+Shift+O",
        tip="Open a DICOM file, DICOMDIR, zip or NIfTI file",
    ),
    Command(
        id="file.open_model",
        text=called("Open model…"),
        ask=lambda w: w.opening.ask_model(),
        shortcut="Ctrl+M",
        tip="Open a trained network: .keras, .h5, .hdf5, or saved_model.pb for its folder",
        short="Open model",
    ),
    Command(
        id="file.new_model",
        text=called("New model…"),
        ask=lambda w: w.opening.ask_new_model(),
        shortcut=Keys.New,
        tip="Build an untrained network from a known architecture, save it and open it",
    ),
    Command(
        id="file.open_sample",
        text=called("Open the sample study"),
        ask=lambda w: w.opening.open_sample(),
        shortcut="Ctrl+Shift+E",
        tip="Open the head and the brain tissue U-Net that come with Unetscope",
    ),
    Command(
        id="file.open_session",
        text=called("Open session…"),
        ask=lambda w: w.opening.sessions.ask_open(),
        shortcut="Ctrl+Alt+O",
        tip="Go on where a session was saved: its study, its model and all edits",
    ),
    Command(
        id="file.save_session",
        text=called("Save session"),
        ask=lambda w: w.opening.sessions.save(),
        enabled=has_something,
        shortcut=Keys.Save,
        tip="Write what is open, selected, changed and measured to a file, to go on later",
    ),
    Command(
        id="file.save_session_as",
        text=called("Save session as…"),
        ask=lambda w: w.opening.sessions.ask_save_as(),
        enabled=has_something,
        shortcut="Ctrl+Alt+S",
        tip="Write the session to another file",
    ),
    Command(
        id="file.save_model",
        text=called("Save edited model…"),
        ask=lambda w: w.unsaved.ask_save(),
        enabled=has_network,
        shortcut=Keys.SaveAs,
        tip="Write a new .keras file, open it again and compare; the source file stays as it is",
    ),
    Command(
        id="file.save_edits",
        text=called("Save edits…"),
        ask=lambda w: w.history_panel.ask_save(),
        enabled=has_edits,
        tip="Write the edits in force to a small file, to apply them again or to share them",
    ),
    Command(
        id="file.apply_edits",
        text=called("Apply edits…"),
        ask=lambda w: w.history_panel.ask_apply(),
        enabled=has_network,
        tip="Put the edits of a file in force, in the place of those that are; it can be undone",
    ),
    Command(
        id="file.export_segmentation",
        text=called("Export segmentation…"),
        ask=lambda w: w.presenters.exports.ask_segmentation(w),
        enabled=has_both,
        tip="Write the mask of the series as DICOM SEG, NIfTI, pictures or a table of volumes",
    ),
    Command(
        id="file.export_images",
        text=called("Export de-identified series…"),
        ask=lambda w: w.presenters.exports.ask_images(w),
        enabled=has_series,
        tip="Write the images shown again, without what tells who the patient is",
    ),
    Command(
        id="file.save_picture",
        text=called("Save picture of the window…"),
        ask=lambda w: w.ask_save_picture(),
        tip="Save what the window shows as PNG; identity is hidden in it",
    ),
    Command(
        id="file.copy_panel",
        text=called("Copy picture of this panel"),
        ask=lambda w: w.pictures.copy_panel(),
        tip="Put the panel that was used last on the clipboard; identity is hidden in it",
    ),
    Command(
        id="file.save_panel",
        text=called("Save picture of a panel…"),
        ask=lambda w: w.pictures.ask_panel(),
        tip="Write a panel, or the slice pixel by pixel, as PNG or SVG of any size",
    ),
    Command(
        id="file.figure",
        text=called("Make a figure…"),
        ask=lambda w: w.pictures.ask_figure(),
        enabled=has_series,
        tip="Put slice, masks, feature maps and kernels together for a paper",
    ),
    Command(
        id="file.report",
        text=called("Report…"),
        ask=lambda w: w.pictures.ask_report(),
        enabled=has_both,
        tip="Say in one page what was segmented, how, and with which edits; as HTML or PDF",
    ),
    Command(
        id="file.save_filters",
        text=called("Save filters as a picture…"),
        ask=lambda w: w.filters_panel.ask_save_picture(),
        enabled=has_kernel,
        tip="Write all tiles of the filter gallery as PNG",
    ),
    Command(
        id="file.save_filter_table",
        text=called("Save table of filters…"),
        ask=lambda w: w.filters_panel.ask_save_table(),
        enabled=has_kernel,
        tip="Write norm, sparsity, activation and effect of each filter as CSV",
    ),
    Command(
        id="file.close_study",
        text=called("Close study"),
        ask=lambda w: w.opening.close_study(),
        enabled=has_series,
        tip="Put the study shown away; its files stay as they are",
    ),
    Command(
        id="file.close_model",
        text=called("Close model"),
        ask=lambda w: w.opening.close_model(),
        enabled=has_network,
        tip="Put the model away; edits that no file holds are asked about first",
    ),
    Command(
        id="file.quit", text=called("Quit"), ask=lambda w: w.close_window(), shortcut=Keys.Quit
    ),
)
