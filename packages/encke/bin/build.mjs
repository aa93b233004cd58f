/** `npm run build`: every package into its dist/, and the SDK's browser builds. */
import { build, checkNode, installDependencies } from './fresh-clone.mjs';

checkNode();
installDependencies();
if (!build()) process.exit(1);
