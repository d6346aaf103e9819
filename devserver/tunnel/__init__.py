"""A public address for a loopback port: got, proven, kept, and given up.

`supervisor` is the life of an address, whoever gives it; `provider` is the interface that all of them have:
Cloudflare's quick and named tunnels (`cloudflared`), frp (`frp`), and the user's own proxy (`own_address`). `proof`
asks an address from outside whether it leads to this very session. Nothing here knows what an address is used for.
"""

from devserver.tunnel.change import Change, State, TunnelFailed
from devserver.tunnel.cloudflared import NamedTunnel, QuickTunnel
from devserver.tunnel.frp import FrpTunnel
from devserver.tunnel.own_address import OwnAddress
from devserver.tunnel.proof import Proof, Proven
from devserver.tunnel.provider import Provider
from devserver.tunnel.supervisor import Address, Rhythm, Tell, open_tunnel

__all__ = [
    "Address",
    "Change",
    "FrpTunnel",
    "NamedTunnel",
    "OwnAddress",
    "Proof",
    "Proven",
    "Provider",
    "QuickTunnel",
    "Rhythm",
    "State",
    "Tell",
    "TunnelFailed",
    "open_tunnel",
]
