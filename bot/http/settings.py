"""What the HTTP listener takes from the configuration."""

from pydantic import BaseModel, ConfigDict, Field, field_validator


class HttpSettings(BaseModel):
    """`http:` health, readiness and metrics."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    listen: str = Field(
        "127.0.0.1:8080", description="host:port to listen on. Port 0 picks a free one and logs it. IPv6: [::1]:8080."
    )
    public_url: str | None = Field(None, description="How the world reaches this listener, for inbound webhooks.")

    @field_validator("listen")
    @classmethod
    def _has_host_and_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise ValueError(f"{value!r} is not host:port; write 127.0.0.1:8080, say")
        return value

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)
