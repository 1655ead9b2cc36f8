# cmake -DFROM=… -DTO=… -DGZIP=… -P gzip.cmake: compresses a file, without its name and time.
execute_process(COMMAND ${GZIP} -9nc ${FROM} OUTPUT_FILE ${TO} COMMAND_ERROR_IS_FATAL ANY)
