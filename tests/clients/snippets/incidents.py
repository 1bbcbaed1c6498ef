"""Opsgate from Python, with gql: `incidents.py list`, `incidents.py open TITLE KEY`, `incidents.py follow CURSOR`.

OPSGATE_URL says where the gateway is, OPSGATE_TOKEN_FILE where the token stands, which something else may keep fresh.
What comes is printed, a line of JSON each.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from gql import Client, GraphQLRequest
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportConnectionFailed
from gql.transport.websockets import WebsocketsTransport
from websockets.exceptions import ConnectionClosed

LIST = """
query Incidents($first: Int!) {
  incidents(first: $first) {
    nodes { id number title severity status }
  }
}
"""

OPEN = """
mutation OpenIncident($input: IncidentCreateInput!) {
  incidentCreate(input: $input) {
    incident { id number title }
    userErrors { code message field }
    receipt { auditLogId isReplay }
  }
}
"""

CHANGES = """
subscription IncidentsLive($after: EventCursor) {
  incidentChanged(after: $after) {
    cursor
    type
    incident { id number title status }
  }
}
"""

async def ask(url, token, document, variables, headers=None):
    """A query or a mutation. The schema is fetched, so that documents are checked before they are sent."""
    transport = AIOHTTPTransport(url, headers={"Authorization": f"Bearer {token}", **(headers or {})})
    async with Client(transport=transport, fetch_schema_from_transport=True) as session:
        return await session.execute(GraphQLRequest(document, variable_values=variables))


# The gateway's close codes for which the same client needn't come back.
FINAL = {4400, 4401, 4406, 4409, 4429}


async def follow(url, credential, after, pause=1.0):
    """Each change of an incident from `after` on, over as many connections as it takes.

    Nothing is lost, and none comes twice. `credential` answers a token that is good now: it is asked at each connection.
    """
    while True:
        transport = WebsocketsTransport(
            url.replace("http", "ws", 1),
            init_payload={"authorization": f"Bearer {credential()}"},
            # Without it gql takes an older protocol: it knows the answer's header in one spelling only.
            subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        )
        try:
            async with Client(transport=transport) as session:
                async for result in session.subscribe(GraphQLRequest(CHANGES, variable_values={"after": after})):
                    yield result["incidentChanged"]
                    after = result["incidentChanged"]["cursor"]
        except TransportConnectionFailed as failure:
            close = failure.__cause__
            if isinstance(close, ConnectionClosed) and close.rcvd and close.rcvd.code in FINAL:
                raise
        await asyncio.sleep(pause)


async def main(command, *arguments):
    url = os.environ["OPSGATE_URL"]
    if command == "list":
        answer = await ask(url, credential(), LIST, {"first": 20})
        for incident in answer["incidents"]["nodes"]:
            show(incident)
    elif command == "open":
        title, key = arguments
        variables = {"input": {"title": title, "severity": "HIGH"}}
        answer = await ask(url, credential(), OPEN, variables, {"Idempotency-Key": key})
        show(answer["incidentCreate"])
    elif command == "follow":
        async for change in follow(url, credential, *arguments):
            show(change)


def credential():
    return Path(os.environ["OPSGATE_TOKEN_FILE"]).read_text().strip()


def show(value):
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
