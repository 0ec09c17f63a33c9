'use strict'
// node read.js CHILD.vhd OUT.raw: checks the chain of a VHD and writes what a guest reads from it.
const fs = require('fs')
const { promisify } = require('util')
const { pipeline } = require('stream')
const { checkVhdChain, createContentStream, createSyntheticStream } = require('vhd-lib')

// vhd-lib wants its files from a handler, and names them from the root on.
const files = {
  openFile: (path, flags) => fs.promises.open('/' + path, flags),
  closeFile: file => file.close(),
  getSize: async file => (typeof file === 'string' ? await fs.promises.stat('/' + file) : await file.stat()).size,
  read: async (file, buffer, position) => {
    const opened = typeof file === 'string' ? await fs.promises.open('/' + file, 'r') : file
    try {
      return await opened.read(buffer, 0, buffer.length, position)
    } finally {
      if (opened !== file) await opened.close()
    }
  },
}

async function main(child, out) {
  const path = child.slice(1)
  await checkVhdChain(files, path)
  const merged = out + '.vhd'
  await promisify(pipeline)(await createSyntheticStream(files, path), fs.createWriteStream(merged))
  await promisify(pipeline)(await createContentStream(files, merged.slice(1)), fs.createWriteStream(out))
  await fs.promises.unlink(merged)
}

main(process.argv[2], process.argv[3]).catch(error => {
  console.error(error)
  process.exit(1)
})
