"""Recipes of the user's own: kept in the settings folder, a file each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.number_tables import from_text
from unetscope.domain.recipe_file import ENDING, check_name, read_recipe, write_recipe
from unetscope.domain.recipes import Recipe
from unetscope.domain.text_files import TextFiles
from unetscope.state.jobs import JobContext, Jobs


class OwnRecipes:
    """Reads, saves and deletes them in the background; files that are no recipes are named."""

    changed = Signal()
    told = Signal(str)
    """What went wrong, or what is done."""

    def __init__(self, jobs: Jobs, files: TextFiles) -> None:
        self._jobs = jobs
        self._files = files
        self.recipes: tuple[Recipe, ...] = ()

    def load(self) -> None:
        """Read what is kept."""

        def work(job: JobContext) -> tuple[list[Recipe], str]:
            found, refused = [], ""
            for path in self._files.owned(ENDING):
                job.step(0)
                try:
                    found.append(read_recipe(self._files.read(path), path.name))
                except UnetscopeError as error:
                    refused = str(error)
            return found, refused

        def done(read: tuple[list[Recipe], str]) -> None:
            self.recipes = tuple(sorted(read[0], key=lambda recipe: recipe.name.lower()))
            self.changed.emit()
            if read[1]:
                self.told.emit(read[1])

        self._jobs.submit("recipes", work, done=done, failed=self._failed)

    def save(self, name: str, values: NDArray[np.float32]) -> None:
        """Keep a kernel ``(kh, kw)`` under a name; one of the same name is replaced."""
        try:
            name = check_name(name)
        except UnetscopeError as error:
            self._failed(error)
            return
        self._write(self._files.own(name, ENDING), write_recipe(name, values), f"Saved {name}.")

    def take_in(self, path: Path) -> None:
        """Keep a copy of a recipe from a file."""

        def work(_: JobContext) -> str:
            recipe = read_recipe(self._files.read(path), path.name)
            text = write_recipe(recipe.name, _kernel_of(recipe))
            self._files.write(self._files.own(recipe.name, ENDING), text)
            return f"{recipe.name} is now among your recipes."

        self._jobs.submit("recipe", work, done=self._done, failed=self._failed)

    def give_out(self, recipe: Recipe, path: Path) -> None:
        """Write a recipe to a file for others."""
        self._write(path, write_recipe(recipe.name, _kernel_of(recipe)), f"Saved {path.name}.")

    def remove(self, recipe: Recipe) -> None:
        """Delete a recipe."""

        def work(_: JobContext) -> str:
            self._files.remove(self._files.own(recipe.name, ENDING))
            return f"{recipe.name} is no longer among your recipes."

        self._jobs.submit("recipe", work, done=self._done, failed=self._failed)

    def read_numbers(self, path: Path, done: Callable[[NDArray[np.float32]], None]) -> None:
        """Read a ``.npy`` file, or a text file with a table of numbers."""

        def work(_: JobContext) -> NDArray[np.float32]:
            if path.suffix.lower() == ".npy":
                return self._files.read_array(path)
            return from_text(self._files.read(path))

        self._jobs.submit("numbers", work, done=done, failed=self._failed)

    def _write(self, path: Path, text: str, told: str) -> None:
        def work(_: JobContext) -> str:
            self._files.write(path, text)
            return told

        self._jobs.submit("recipe", work, done=self._done, failed=self._failed)

    def _done(self, told: str) -> None:
        self.told.emit(told)
        self.load()

    def _failed(self, error: UnetscopeError) -> None:
        self.told.emit(str(error))


def _kernel_of(recipe: Recipe) -> NDArray[np.float32]:
    """The numbers that a recipe was made of, at their own size."""
    return recipe.kernel(recipe.own_size)
