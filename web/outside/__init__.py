"""Signing in with an identity of another provider by OpenID Connect: configuration, the provider's side, our pages."""
