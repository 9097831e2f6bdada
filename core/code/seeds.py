"""Independent streams of random numbers from the seed, in source: as models/seeds.py derives them."""

from core.code.draft import Draft

_DIGEST = '''
def digest(*purpose):
    """Return 32 bytes for one purpose; each purpose has random numbers of its own."""
    return sha256("/".join(map(str, (SEED, *purpose))).encode()).digest()
'''

_SEED_OF = '''
def seed_of(*purpose):
    """Return the seed of a layer's weights or dropout."""
    return int.from_bytes(digest(*purpose)[:4], "big") >> 1
'''

_RANDOM = '''
def random_generator(*purpose):
    """Return NumPy's generator of random numbers for one purpose."""
    return np.random.default_rng(int.from_bytes(digest(*purpose), "big"))
'''


def define_digest(draft: Draft) -> None:
    """Define `digest`."""
    draft.need("from hashlib import sha256")
    draft.define(_DIGEST)


def define_seed_of(draft: Draft) -> None:
    """Define `seed_of`."""
    define_digest(draft)
    draft.define(_SEED_OF)


def define_random_generator(draft: Draft) -> None:
    """Define `random_generator`."""
    define_digest(draft)
    draft.need("import numpy as np")
    draft.define(_RANDOM)
