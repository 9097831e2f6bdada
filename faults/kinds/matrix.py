"""The matrix: every fault, in the order in which they are tried."""

from faults.fault import Fault
from faults.kinds.brokers import DuplicateDoorbells, FlushedBroker, FrozenBroker, KilledBroker, LongFrozenBroker
from faults.kinds.checkpoints import DamagedCheckpoint
from faults.kinds.clocks import WrongClocks
from faults.kinds.databases import FrozenDatabase, RestartedDatabase
from faults.kinds.disks import BrieflyFullDisk, FullDiskAtEnd
from faults.kinds.requests import KilledApi, RepeatedPost
from faults.kinds.storms import Storm
from faults.kinds.trainers import KilledTrainer, PoisonedSpec
from faults.kinds.workers import FrozenWorker, KilledWorker, KilledWorkerOfLongLease, RollingRestart

MATRIX: tuple[Fault, ...] = (
    KilledTrainer(),
    DamagedCheckpoint(),
    KilledWorker(),
    FrozenWorker(),
    RollingRestart(),
    PoisonedSpec(),
    RepeatedPost(),
    KilledApi(),
    DuplicateDoorbells(),
    KilledBroker(),
    FlushedBroker(),
    FrozenBroker(),
    FrozenDatabase(),
    RestartedDatabase(),
    WrongClocks(),
    BrieflyFullDisk(),
    FullDiskAtEnd(),
    Storm(),
    KilledWorkerOfLongLease(),
    LongFrozenBroker(),
)
