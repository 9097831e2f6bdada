"""Examples of events."""

from api.http.parameters import EXAMPLE_RUN_ID
from core.errors import InvalidInput, ServerBusy

RUN_EVENTS = f"""retry: 1832

event: state
id: r.1.0.0.0::3f1b0c5e
data: {{"run_id":"{EXAMPLE_RUN_ID}","state":"running","attempt":1,"max_attempts":3,"cancel_requested":false,"at":"2026-11-26T07:00:01.204Z","outcome":null,"detail":null,"waiting_for":null}}

event: metrics
id: r.1.0.0.0:7-2:5d2a9e01
data: {{"run_id":"{EXAMPLE_RUN_ID}","attempt":1,"series":[{{"key":"train/loss","steps":[1,2],"values":[1.09,0.97],"times":[1795676401.9,1795676402.0],"num_new":2}}]}}

:

event: end
id: e.1.0.0.0:7-2:97cc8a10
data: {{"run_id":"{EXAMPLE_RUN_ID}","state":"succeeded","attempt":1,"at":"2026-11-26T07:00:09.870Z","error":null,"model":"iris-keras","model_version":4}}

"""  # noqa: E501 - an event has one line of data.

ALL_EVENTS = f"""retry: 2410

event: snapshot
id: 4182/90377:90377://1c9e4b7f
data: {{"counts":{{"queued":2,"running":0,"paused":0,"succeeded":40,"failed":1,"cancelled":0}},"running":[],"missed":false}}

event: run
id: 4183/90380:90380://aa30be15
data: {{"run_id":"{EXAMPLE_RUN_ID}","experiment":"iris","model":"iris-keras","state":"running","attempt":1,"cancel_requested":false,"at":"2026-11-26T07:00:01.204Z"}}

"""  # noqa: E501 - an event has one line of data.

BAD_ID = InvalidInput(
    f"The last event id 'a7' is not one of an event of run {EXAMPLE_RUN_ID}. Send the id of the last event that was "
    "received, unchanged; or none, to begin with the present state."
)

TOO_MANY = ServerBusy(
    "1000 streams of events are open, and each process of this service allows no more "
    "(TRAINYARD_MAX_EVENT_LISTENERS). Close some, or try again later."
)
