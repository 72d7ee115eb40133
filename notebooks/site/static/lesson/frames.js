// Pictures that were drawn when the site was built: one for each combination of the dials' settings.
"use strict";

(function (lesson) {
  // Return the number of a picture: the last dial changes fastest.
  const numberOf = (dials, places) =>
    places.reduce((number, place, i) => number * dials[i].labels.length + place, 0);

  // Return the numbers of all pictures that one dial away from this one.
  function neighbours(dials, places) {
    return dials.flatMap((dial, i) =>
      dial.labels.map((_, place) => numberOf(dials, [...places.slice(0, i), place, ...places.slice(i + 1)])),
    );
  }

  // Return a function that shows the picture for the places of all dials, and returns what is said of it. The pictures
  // that can follow are loaded beforehand.
  function showFrames(data, holder) {
    const loaded = new Map();
    const image = lesson.element("img");
    image.style.width = `${data.width}px`;
    function load(number) {
      if (!loaded.has(number)) loaded.set(number, lesson.element("img", { src: `${data.folder}/${number}.png` }));
      return loaded.get(number);
    }
    return (places) => {
      const number = numberOf(data.dials, places);
      image.src = load(number).src;
      image.alt = data.texts[number];
      holder.replaceChildren(image);
      neighbours(data.dials, places).forEach(load);
      return image.alt;
    };
  }

  Object.assign(lesson, { showFrames });
})((globalThis.lesson ??= {}));
