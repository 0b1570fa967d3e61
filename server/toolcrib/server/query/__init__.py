r"""Which records a caller asks for, and in which order: from the request's spelling to a prepared statement.

    filter (text)    -> lexer.py -> parser.py --\
                                                 tree.py -> check.py -> shape.py -> where.py -> plans.py
    query (message)  -> messages.py -----------/
    order_by (text)  -> order.py ------------------------------------------------> keyset.py ---/

One tree for both spellings, typed against the component's fields (fields.py, paths.py, literals.py, patterns.py). What
is inside a column of JSON is json_paths.py's, what is in other components' tables joins.py's. A statement is compiled
once for each shape of such a tree, which is the tree without its values.
"""
