"""What an attacker can do to tokens and signed headers: small pure functions.

They follow RFC 7515 (JWS) and RFC 7519 (JWT) only as far as they choose to, and share no
code with the services that they are used against.
"""
