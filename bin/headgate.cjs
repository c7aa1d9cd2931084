#!/usr/bin/env node
'use strict';

// Written for any Node, so that an old one can say what it lacks before it meets syntax that it cannot read.
var fs = require('fs');
var path = require('path');

var needed = 24;
var version = process.versions.node;
var main = path.join(__dirname, '..', 'dist', 'main.js');

function refuse(lines) {
  console.error(lines.join('\n'));
  process.exitCode = 1;
}

if (parseInt(version, 10) < needed) {
  refuse([
    'headgate: this is Node ' + version + ', and ' + needed + ' or later is needed.',
    'Get it from https://nodejs.org, with a version manager (nvm install ' + needed + '), or use the container image.',
  ]);
} else if (!fs.existsSync(main)) {
  refuse([
    'headgate: dist/ is missing; this looks like a checkout.',
    'Run: npm run build, or npm start to run from the sources.',
  ]);
} else {
  require('./load.cjs');
}
