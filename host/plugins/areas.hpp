// The tables of the areas, one file each.
#pragma once

#include <talome/database.h>
#include <talome/events.h>
#include <talome/fetch.h>
#include <talome/http.h>
#include <talome/io.h>
#include <talome/operations.h>
#include <talome/process.h>
#include <talome/settings.h>
#include <talome/tasks.h>
#include <talome/tools.h>

namespace talome::plugins {

const talome_operations& operationsArea();
const talome_http& httpArea();
const talome_settings& settingsArea();
const talome_database& databaseArea();
const talome_tasks& tasksArea();
const talome_events& eventsArea();
const talome_io& ioArea();
const talome_fetch& fetchArea();
const talome_process& processArea();
const talome_tools& toolsArea();

} // namespace talome::plugins
