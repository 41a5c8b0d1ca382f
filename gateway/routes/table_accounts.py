"""The operations of accounts: signing in, users, platform tokens. Part of the one table, which is table.py."""

from typing import Final

from gateway.operation import LOGIN_ONLY, Operation
from gateway.permissions import Anyone, Registered, Self, SignedIn, SiteAdmin
from gateway.routes import admin_users, auth, departure, nextauth, oauth, pages, recovery, sessions, tokens, users
from schemas import accounts as a
from schemas import platform_tokens as t
from schemas.pages import Page, PageQuery

ANYONE, SIGNED_IN, REGISTERED = Anyone(), SignedIn(), Registered()
SELF, SITE_ADMIN = Self(), SiteAdmin()

ACCOUNTS: Final[tuple[Operation, ...]] = (
    Operation(
        "POST", "/api/auth/guest", auth.create_guest, ANYONE, ignores_credentials=True,
        body=a.GuestRequest, optional_body=True, answers=a.AccessGranted, status=201, limit="guests",
    ),
    # Not `creates`, as nothing here whose answer holds a token: the memory of answers would keep it.
    Operation(
        "POST", "/api/auth/register", auth.register, ANYONE,
        body=a.RegisterRequest, answers=a.AccessGranted, status=201, limit="register", scope=LOGIN_ONLY,
    ),
    Operation(
        "POST", "/api/auth/login", auth.login, ANYONE, ignores_credentials=True,
        body=a.LoginRequest, answers=a.AccessGranted, limit="login",
    ),
    Operation(
        "POST", "/api/auth/refresh", auth.refresh, ANYONE, ignores_credentials=True,
        body=a.RefreshRequest, optional_body=True, answers=a.AccessGranted, limit="refresh",
    ),
    Operation(
        "POST", "/api/auth/logout", auth.logout, SIGNED_IN,
        body=a.LogoutRequest, optional_body=True, status=204, scope=LOGIN_ONLY,
    ),
    Operation("GET", "/api/auth/me", auth.me, SIGNED_IN, answers=a.Me, also=("/api/auth/profile",)),
    Operation("GET", "/api/auth/sessions", sessions.list_sessions, SIGNED_IN, answers=a.Sessions, scope=LOGIN_ONLY),
    Operation("DELETE", "/api/auth/sessions/{id}", sessions.end_session, SIGNED_IN, status=204, scope=LOGIN_ONLY),
    Operation(
        "POST", "/api/auth/password/forgot", recovery.forgot_password, ANYONE, ignores_credentials=True,
        body=a.ForgotRequest, status=202, limit="mail",
    ),
    Operation(
        "POST", "/api/auth/password/reset", recovery.reset_password, ANYONE, ignores_credentials=True,
        body=a.ResetRequest, status=204, limit="login",
    ),
    Operation(
        "POST", "/api/auth/password/change", recovery.change_password, REGISTERED,
        body=a.PasswordChange, status=204, limit="login", scope=LOGIN_ONLY,
    ),
    Operation(
        "POST", "/api/auth/verify-email", recovery.verify_email, ANYONE, ignores_credentials=True,
        body=a.VerifyRequest, status=204, limit="login",
    ),
    Operation(
        "POST", "/api/auth/verify-email/resend", recovery.resend_verification, REGISTERED,
        status=202, limit="mail", scope=LOGIN_ONLY,
    ),
    # NextAuth's shapes, and GitHub
    Operation("GET", "/api/auth/csrf", nextauth.csrf, ANYONE, ignores_credentials=True, answers=a.CsrfToken),
    Operation("GET", "/api/auth/providers", nextauth.providers, ANYONE, ignores_credentials=True, answers=a.Providers),
    Operation("GET", "/api/auth/session", nextauth.session, ANYONE, ignores_credentials=True, answers=a.NextSession),
    Operation(
        "POST", "/api/auth/signout", nextauth.sign_out, ANYONE, ignores_credentials=True,
        body=bytes, answers=bytes, status=302,
    ),
    Operation(
        "GET", "/api/auth/signin/github", oauth.leave, ANYONE, ignores_credentials=True,
        query=a.SignInQuery, answers=bytes, status=302, limit="login",
    ),
    Operation(
        "POST", "/api/auth/signin/github", oauth.leave, ANYONE, ignores_credentials=True,
        body=bytes, query=a.SignInQuery, answers=bytes, status=302, limit="login",
    ),
    Operation(
        "GET", "/api/auth/callback/github", oauth.come_back, ANYONE, ignores_credentials=True,
        answers=bytes, status=302, limit="login",
    ),
    Operation("GET", "/auth/signin", pages.sign_in_page, ANYONE, ignores_credentials=True, answers=bytes),
    Operation("GET", "/auth/error", pages.error_page, ANYONE, ignores_credentials=True, answers=bytes),
    Operation("GET", "/auth/reset", pages.reset_page, ANYONE, ignores_credentials=True, answers=bytes),
    Operation("GET", "/auth/verify-email", pages.verify_page, ANYONE, ignores_credentials=True, answers=bytes),
    Operation(
        "GET", "/.well-known/jwks.json", pages.public_keys, ANYONE, ignores_credentials=True, answers=a.PublicKeys
    ),
    # Users
    Operation("GET", "/api/users", users.list_users, REGISTERED, query=a.PeopleQuery, answers=Page[a.User]),
    Operation(
        "POST", "/api/users", users.create_user, SITE_ADMIN,
        body=a.NewAccount, answers=a.User, status=201, creates=True, scope="admin",
    ),
    Operation("GET", "/api/users/{id}", users.get_user, SIGNED_IN, answers=a.User),
    Operation(
        "PUT", "/api/users/{id}", users.change_user, SELF, body=a.ProfileChange, answers=a.User, scope=LOGIN_ONLY
    ),
    Operation(
        "PATCH", "/api/users/{id}", users.change_user, SELF, body=a.ProfileChange, answers=a.User, scope=LOGIN_ONLY
    ),
    Operation(
        "DELETE", "/api/users/{id}", departure.delete_user, SELF,
        body=a.Farewell, optional_body=True, status=202, scope=LOGIN_ONLY,
    ),
    Operation(
        "GET", "/api/admin/users", admin_users.list_accounts, SITE_ADMIN,
        query=a.AccountsQuery, answers=Page[a.User], scope="admin",
    ),
    Operation(
        "PATCH", "/api/admin/users/{id}", admin_users.change_account, SITE_ADMIN,
        body=a.AccountChange, answers=a.User, scope="admin",
    ),
    Operation(
        "POST", "/api/admin/users/{id}/ban", admin_users.ban, SITE_ADMIN,
        body=a.Reason, optional_body=True, answers=a.User, scope="admin",
    ),
    Operation("POST", "/api/admin/users/{id}/unban", admin_users.unban, SITE_ADMIN, answers=a.User, scope="admin"),
    Operation("POST", "/api/admin/users/{id}/logout", admin_users.end_logins, SITE_ADMIN, status=204, scope="admin"),
    # Platform tokens
    Operation(
        "GET", "/api/tokens", tokens.list_tokens, REGISTERED,
        query=PageQuery, answers=Page[t.PlatformToken], scope=LOGIN_ONLY,
    ),
    Operation(
        "POST", "/api/tokens", tokens.create_token, REGISTERED,
        body=t.TokenRequest, answers=t.NewPlatformToken, status=201, scope=LOGIN_ONLY,
    ),
    Operation("DELETE", "/api/tokens/{id}", tokens.end_token, REGISTERED, status=204, scope=LOGIN_ONLY),
)  # fmt: skip
