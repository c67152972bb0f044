// Make the vector index of one slot: cosine, not quantised.
//
// Quantised vectors cost a few per cent of the right neighbours, and at 64 to 256 numbers an item save little.
//
// $dim: how many numbers a vector has
// access: write-implicit
// identifiers: index, property
// :param {dim: 64}
CREATE VECTOR INDEX {index} IF NOT EXISTS FOR (n:Item) ON (n.{property})
OPTIONS {indexConfig: {
  `vector.dimensions`: $dim,
  `vector.similarity_function`: 'cosine',
  `vector.quantization.enabled`: false,
  `vector.hnsw.m`: 24,
  `vector.hnsw.ef_construction`: 200
}}
