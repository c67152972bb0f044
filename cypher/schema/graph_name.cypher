// One node for the graph itself, whoever makes it first.
//
// access: write-implicit
CREATE CONSTRAINT graph_name IF NOT EXISTS FOR (g:Graph) REQUIRE g.name IS UNIQUE
