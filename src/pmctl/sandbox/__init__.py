"""A stand-in of Mautic 5.1.1's REST API on loopback, lies included, to try and to test pmctl.

It imports nothing of the clients, backends and http: what checks pmctl shares no code with it.
`pmctl.sandbox.server.MauticSandbox` is where to start.
"""
