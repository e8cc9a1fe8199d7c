"""What every answer tells browsers: whom the page may be shown by, and what it may load."""

from web.serving import App, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "style-src 'self' 'unsafe-inline'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""Own scripts only, and nobody may frame the page; Vue and Swagger UI put styles into it."""

HEADERS = {
    b"content-security-policy": POLICY.encode(),
    b"x-frame-options": b"DENY",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
}


def guarded(app: App) -> App:
    """The application with these headers in each answer, each of them once."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded_send(message: Message) -> None:
            if message["type"].endswith("http.response.start"):
                others = [each for each in message["headers"] if each[0].lower() not in HEADERS]
                message = {**message, "headers": [*others, *HEADERS.items()]}
            await send(message)

        await app(scope, receive, guarded_send)

    return guard
