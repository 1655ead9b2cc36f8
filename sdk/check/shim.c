/* What a host loads in the place of a plugin that talome-check has in another process. */
#include <talome/abi.h>

const talome_plugin *talome_check_descriptor(void); /* in talome-check itself */

const talome_plugin *talome_plugin_v1(void) { return talome_check_descriptor(); }
