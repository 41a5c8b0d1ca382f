"""The operations of what people bring to AI, and what it costs them. Part of the one table, which is table.py."""

from typing import Final

from gateway.operation import LOGIN_ONLY, Operation
from gateway.permissions import InProject, Registered, SignedIn, SiteAdmin
from gateway.routes import admin_keys, ai_budgets, ai_usage, user_keys
from schemas import ai_usage as u
from schemas import user_keys as k
from schemas.pages import Page, PageQuery
from schemas.roles import Role

REGISTERED: Final = Registered()
SIGNED_IN: Final = SignedIn()
SITE_ADMIN: Final = SiteAdmin()

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
    Operation(
        "GET", "/api/admin/api-keys", admin_keys.list_all_keys, SITE_ADMIN,
        query=k.AllKeysQuery, answers=Page[k.SomebodysKey], scope="admin",
    ),
    Operation(
        "DELETE", "/api/admin/api-keys/{id}", admin_keys.delete_any_key, SITE_ADMIN, status=204, scope="admin"
    ),
    Operation("GET", "/api/ai/usage", ai_usage.show_usage, SIGNED_IN, answers=u.UsageReport, scope="ai"),
    Operation(
        "GET", "/api/ai/usage/answers", ai_usage.list_usage, SIGNED_IN,
        query=PageQuery, answers=Page[u.UsageLine], scope="ai",
    ),
    Operation("GET", "/api/ai/budget", ai_budgets.show_own_budget, SIGNED_IN, answers=u.PersonalBudget, scope="ai"),
    Operation(
        "PUT", "/api/ai/budget", ai_budgets.set_own_budget, SIGNED_IN,
        body=u.BudgetRequest, answers=u.PersonalBudget, scope=LOGIN_ONLY,
    ),
    Operation(
        "GET", "/api/admin/users/{id}/ai/budget", ai_budgets.show_budget_of, SITE_ADMIN,
        answers=u.PersonalBudget, scope="admin",
    ),
    Operation(
        "PUT", "/api/admin/users/{id}/ai/budget", ai_budgets.set_budget_of, SITE_ADMIN,
        body=u.BudgetRequest, answers=u.PersonalBudget, scope="admin",
    ),
    Operation(
        "GET", "/api/projects/{id}/ai/budget", ai_budgets.show_project_budget, InProject(Role.EDITOR), answers=u.Budget
    ),
    Operation(
        "PUT", "/api/projects/{id}/ai/budget", ai_budgets.set_project_budget, InProject(Role.ADMIN),
        body=u.BudgetRequest, answers=u.Budget,
    ),
)  # fmt: skip
