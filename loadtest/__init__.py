"""A client like any other: the benchmarks (`./atrium bench`) and locust users. It knows the wire, never the server's
code.

__main__      the command line                      shapes     what is measured, and the goals
bench         runs shapes on servers, in turns      measure/   one file per kind of load
servers/      starts and stops what is measured     report/    table, JSON, Markdown, chart
connection    one WebSocket client                  crowd      many of them, typing on a schedule
joiner        one that opens a large document       neighbour  one that notices when the server stalls
trace, large  the large documents, made by a real Yjs (yjs)    forecast   how long a run still takes
frames, varint, updates, presence, dialects         the wire, as pure codecs
tally         what arrived, how late, and whether all of it did
standins/     providers of AI that are not, on a real socket: for tests, the bench, and trying without a key
locustfile    users for locust, on the same codecs
"""
