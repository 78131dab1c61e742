"""What all questions share: the subject, the pictures, and what the subject makes of them as they are."""

from robustness_parts.pictures import read_names, read_picture, reduced

SIZES = (128, 256, 512, 1024)  # of real_triples, the longer side
MINI, TRIPLES = "mini_test", "real_triples at 256"


class Bench:
    def __init__(self, subject, data):
        """`data`: the folder with mini/, real_triples/ and highres/."""
        self.subject = subject
        self.folders = {"mini_test": data / "mini", "real_triples": data / "real_triples", "highres": data / "highres"}
        self.names = {name: read_names(self.folders[name] / f"{name.replace('triples', 'triples_test')}.txt")
                      for name in ("mini_test", "real_triples")}
        # Each native file is read once and then dropped: a few have a dozen megapixels.
        triples = [{size: reduced(native, size) for size in SIZES} for native in self.read("real_triples")]
        self.at_size = {size: [sizes[size] for sizes in triples] for size in SIZES}
        self.lists = {MINI: list(self.read("mini_test")), TRIPLES: self.at_size[256]}
        self.plain_outputs = {}

    def read(self, name):
        return (read_picture(self.folders[name], composite) for composite in self.names[name])

    def harmonize(self, pictures):
        if not pictures:
            return []
        return self.subject.harmonize([picture.composite for picture in pictures], [picture.mask for picture in pictures])

    def plain(self, name):
        """What becomes of a list as it is; computed once."""
        if name not in self.plain_outputs:
            self.plain_outputs[name] = self.harmonize(self.lists[name])
        return self.plain_outputs[name]
