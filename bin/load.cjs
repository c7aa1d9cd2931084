'use strict';

// Apart from headgate.cjs, because an old Node cannot even read `import()`.
process.setSourceMapsEnabled(true);
void import('../dist/main.js');
