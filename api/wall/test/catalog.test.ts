import assert from "node:assert/strict";
import { test } from "node:test";

import { Library, type Catalog } from "../src/catalog.ts";

function setUp() {
  const asked: string[] = [];
  const held: Catalog[] = [];
  let fails = 0;
  const fetchCatalog = async (lang: string): Promise<Catalog> => {
    asked.push(lang);
    if (fails > 0) {
      fails -= 1;
      throw new Error("502");
    }
    return new Map();
  };
  const library = new Library(fetchCatalog, (catalog) => held.push(catalog));
  return { library, asked, held, fail: (times: number) => void (fails = times) };
}

test("a catalogue is fetched once for its digest and language", async () => {
  const { library, asked } = setUp();
  library.want("a1", "fr");
  await Promise.all([library.load(), library.load()]);
  library.want("a1", "fr");
  await library.load();
  assert.deepEqual(asked, ["fr"]);

  library.want("b2", "fr");
  await library.load();
  library.want("b2", "en");
  await library.load();
  assert.deepEqual(asked, ["fr", "fr", "en"]);
});

test("a catalogue that did not come is asked for again", async () => {
  const { library, asked, held, fail } = setUp();
  fail(2);
  library.want("a1", "fr");
  await library.load();
  await library.load();
  assert.equal(held.length, 0);

  await library.load();
  assert.equal(held.length, 1);
  assert.equal(asked.length, 3);
});

test("nothing is fetched before a server has named its catalogue", async () => {
  const { library, asked } = setUp();
  await library.load();

  assert.deepEqual(asked, []);
});
