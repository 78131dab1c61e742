"""The program `attune` with the model that is measured."""

import json
import pathlib
import subprocess
import tempfile

from PIL import Image

from robustness_parts.pictures import read_colour


class Failed(Exception):
    """The program failed; says how."""


class Subject:
    """`folder`: for files that pass to and from the program; each call takes its own away again."""

    def __init__(self, program, model, threads, folder):
        self.program, self.model, self.threads, self.folder = program, model, threads, folder

    def run(self, command, *options):
        """What it prints."""
        words = [self.program, command, *options, "--model", self.model, "--threads", str(self.threads), "--device", "cpu"]
        result = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if result.returncode != 0:
            lines = result.stderr.strip().splitlines() or ["no message"]
            raise Failed(f"attune {command} ended with {result.returncode}: {lines[-1]}")
        return result.stdout

    def harmonize(self, composites, masks):
        """What the model makes of pictures. One whose mask is empty or full comes back as it was."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            folder = pathlib.Path(name)
            for kind, arrays in (("images", composites), ("masks", masks)):
                (folder / kind).mkdir()
                for number, array in enumerate(arrays):
                    Image.fromarray(array).save(folder / kind / f"{number:04}.png", compress_level=1)
            self.run("harmonize", "--images", folder / "images", "--masks", folder / "masks", "--out", folder / "out")
            return [read_colour(folder / "out" / f"{number:04}.png") for number in range(len(composites))]

    def evaluate(self, folder, names, protocol):
        """What `attune eval` says of the named pictures."""
        with tempfile.NamedTemporaryFile("w", dir=self.folder, suffix=".txt") as file:
            file.write("\n".join(names))
            file.flush()
            return json.loads(self.run("eval", "--data", folder, "--list", file.name, "--protocol", protocol, "--json", "-"))

    def scores(self, folder, names, protocol):
        """Of the composite and of the model, the means over the named pictures."""
        rows = self.evaluate(folder, names, protocol)["rows"]
        return {row["method"]: row for row in rows if row["set"] == "overall"}

    def picture_psnr(self, folder, names, protocol):
        """Of each named picture by method, in dB."""
        found = {name: {} for name in names}
        for picture in self.evaluate(folder, names, protocol)["pictures"]:
            found[picture["name"]][picture["method"]] = picture["psnr"]
        return found
