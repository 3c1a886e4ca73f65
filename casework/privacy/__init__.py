"""A reporter's sealed identity, digests of what lets somebody in, what older releases left in clear, and the reasons for looks."""
