// Seeded random numbers: the same seeds give the same numbers in every browser.
"use strict";

(function (laboratory) {
  const WARM_UP = 15; // rounds until every bit of the state depends on every seed

  // Return a function that returns the next number in [0, 1). The generator is sfc32 by Chris Doty-Humphrey
  // (PractRand, public domain): 128 bits of state, of which three seeds and a counter are the start.
  function newGenerator(first, second, third) {
    let a = first | 0;
    let b = second | 0;
    let c = third | 0;
    let counter = 1;
    function next() {
      const sum = (a + b + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + sum) | 0;
      return (sum >>> 0) / 4294967296;
    }
    for (let i = 0; i < WARM_UP; i++) next();
    return next;
  }

  // Draw `count` items, none twice, in random order: the start of a Fisher-Yates shuffle of a copy.
  function draw(random, items, count) {
    const left = items.slice();
    for (let i = 0; i < count; i++) {
      const j = i + Math.floor(random() * (left.length - i));
      [left[i], left[j]] = [left[j], left[i]];
    }
    return left.slice(0, count);
  }

  Object.assign(laboratory, { newGenerator, draw });
})((globalThis.laboratory ??= {}));
