"""The operations of what people bring to AI, and what it costs them. Part of the one table, which is table.py."""

from typing import Final

from gateway.operation import LOGIN_ONLY, Operation
from gateway.permissions import Registered
from gateway.routes import user_keys
from schemas import user_keys as k

REGISTERED: Final = Registered()

AI_ACCOUNTS: Final[tuple[Operation, ...]] = (
    Operation(
        "POST", "/api/ai/keys", user_keys.add_keys, REGISTERED, body=k.KeysRequest, answers=k.UserKeys, scope=LOGIN_ONLY
    ),
    Operation("GET", "/api/ai/keys", user_keys.list_keys, REGISTERED, answers=k.UserKeys, scope="ai"),
    Operation("DELETE", "/api/ai/keys/{id}", user_keys.delete_key, REGISTERED, scope=LOGIN_ONLY),
    Operation(
        "POST", "/api/ai/keys/{id}/test", user_keys.test_key, REGISTERED,
        answers=k.KeyTest, limit="key-tests", scope=LOGIN_ONLY,
    ),
)  # fmt: skip
