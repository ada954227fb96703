/** Compiles tfjs-node's binding against TensorFlow's libraries and headers. */
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { bindingFile, tfjsNode } from './location.ts';
import { run, type Tools } from './tools.ts';

export const compilerFlags = ['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8'];

/** `folder` has the packages in node_modules and TensorFlow in site/tensorflow; the headers are removed afterwards. */
export async function compileBinding(folder: string, { compiler }: Tools): Promise<void> {
  const packageFolder = join(folder, 'node_modules', tfjsNode);
  const output = join(packageFolder, bindingFile);
  const tensorflow = join(folder, 'site', 'tensorflow');
  await mkdir(dirname(output), { recursive: true });
  await run(
    compiler,
    [
      ...compilerFlags,
      ...['-I.', `-I${join(tensorflow, 'include')}`, `-I${join(folder, 'node_modules/node-api-headers/include')}`],
      ...['binding/tfjs_backend.cc', 'binding/tfjs_binding.cc', '-o', output, `-L${tensorflow}`],
      // The wheel has no libtensorflow.so; these two hold the same C interface.
      ...['-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
      // Relative to the binding, so the folder can be moved and copied into an image.
      `-Wl,-rpath,$ORIGIN/${relative(dirname(output), tensorflow)}`,
    ],
    { cwd: packageFolder, hint: 'A compiler of C++17 is needed: g++ 8 or later. CXX names another.' },
  );
  await rm(join(tensorflow, 'include'), { recursive: true });
  await rm(join(folder, 'node_modules/node-api-headers'), { recursive: true });
}
