// The network of lesson 9, with its preprocessing: what it answers for a raw customer.
"use strict";

(function (lesson) {
  // Return the features of a customer: numbers scaled, words one-hot encoded. An unknown word becomes all zeros.
  function prepare({ numbers, words }, customer) {
    return [
      ...numbers.map(({ name, mean, scale }) => (customer[name] - mean) / scale),
      ...words.flatMap(({ name, known }) => known.map((word) => Number(word === customer[name]))),
    ];
  }

  // Return a row of inputs times a layer's weights, plus its biases.
  const multiply = (inputs, { kernel, bias }) =>
    bias.map((start, column) => inputs.reduce((sum, input, row) => sum + input * kernel[row][column], start));

  // Return a customer's chance of leaving: a ReLU after each layer but the last, which has a sigmoid.
  function predict(network, customer) {
    const last = network.layers.at(-1);
    const hidden = network.layers
      .slice(0, -1)
      .reduce((inputs, layer) => multiply(inputs, layer).map((sum) => Math.max(0, sum)), prepare(network, customer));
    return 1 / (1 + Math.exp(-multiply(hidden, last)[0]));
  }

  Object.assign(lesson, { predict });
})((globalThis.lesson ??= {}));
