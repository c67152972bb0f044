"""Every night: new data in, an audit, a short training from yesterday's version, and a swap if it is no worse."""

from graphrec.nightly.audit import Audit, command_audit
from graphrec.nightly.night import NewData, retrain, roll_back
from graphrec.nightly.outcome import STATUSES, Outcome

__all__ = ["STATUSES", "Audit", "NewData", "Outcome", "command_audit", "retrain", "roll_back"]
