"""HTTP and one WebSocket: parse, one service call, reply.

``routes`` lists what there is, ``base`` guards it (deny by default), ``problems`` turns
errors into responses, ``openapi`` describes it. Nothing here decides who may do what, or
touches SQL, files or engines; services do.
"""
